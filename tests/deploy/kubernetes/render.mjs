// The rendered manifests and the tools that read them. KACHE_TOOLS is the folder with the
// thing "kubernetes" of tests/fetch.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { CustomSchema } from './custom_schema.mjs';
import { StrictSchema } from './strict_schema.mjs';

const tools = process.env.KACHE_TOOLS;
export const yaml = createRequire(path.join(tools, 'package.json'))('js-yaml');

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const schema = new StrictSchema(
    path.join(tools, 'node_modules/@kubernetes/client-node/dist/gen/models'));
const customSchema = await CustomSchema.load(path.join(tools, 'node_modules'));

// The mistakes in an object of Kubernetes itself, of the Gateway API or of the Prometheus operator.
export function mistakesIn(object) {
  return customSchema.knows(object) ? customSchema.check(object) : schema.check(object);
}

// All objects of a Kustomize folder, given relative to the root of the checkout.
export function render(folder) {
  const text = execFileSync(path.join(tools, 'kubectl'), ['kustomize', path.join(root, folder)],
                            { encoding: 'utf8' });
  return parse(text);
}

export function parse(text) {
  return yaml.loadAll(text).filter((object) => object);
}

// Runs Helm, with `input` on its standard input; its output. An Error with its complaint if it fails.
export function helm(args, input = '') {
  return execFileSync(path.join(tools, 'helm'), args,
                      { cwd: root, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
}

const rendered = new Map();

// All objects of the chart with these values, of a release `kache` unless named otherwise. Each call
// returns objects of its own.
export function renderChart(values = {}, { release = 'kache', options = [] } = {}) {
  const key = JSON.stringify([values, release, options]);
  if (!rendered.has(key)) {
    rendered.set(key, helm(['template', release, 'deploy/helm/kache', '--namespace', 'kache',
                            '--values', '-', ...options], JSON.stringify(values)));
  }
  return parse(rendered.get(key));
}
