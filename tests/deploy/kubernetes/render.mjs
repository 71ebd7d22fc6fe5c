// The rendered manifests and the tools that read them. KACHE_TOOLS is the folder with the
// thing "kubernetes" of tests/fetch.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { StrictSchema } from './strict_schema.mjs';

const tools = process.env.KACHE_TOOLS;
const yaml = createRequire(path.join(tools, 'package.json'))('js-yaml');

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const schema = new StrictSchema(
    path.join(tools, 'node_modules/@kubernetes/client-node/dist/gen/models'));

// All objects of a Kustomize folder, given relative to the root of the checkout.
export function render(folder) {
  const text = execFileSync(path.join(tools, 'kubectl'), ['kustomize', path.join(root, folder)],
                            { encoding: 'utf8' });
  return parse(text);
}

export function parse(text) {
  return text.split(/^---$/m).map((document) => yaml.load(document)).filter((object) => object);
}
