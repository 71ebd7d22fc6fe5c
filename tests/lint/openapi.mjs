// gateway/web/openapi.json follows Redocly's recommended rules, and its names and types are such that
// generators of clients make good code of them.
//
// usage: node openapi.mjs FILE
//
// KACHE_TOOLS is the folder with the thing "lint" of tests/fetch.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const tools = process.env.KACHE_TOOLS;
const { createConfig, lint } =
    createRequire(path.join(tools, 'package.json'))('@redocly/openapi-core');

const RULES = {
  'info-license': 'off',             // the owner has chosen none yet
  'operation-4xx-response': 'off',   // /livez answers 200, or nothing
  'security-defined': 'error',
  'no-unused-components': 'error',
  'operation-operationId': 'error',
};

// Names that a generated class would share with a type that its language always has in sight.
const TAKEN = new Set(`Array Boolean Date Dictionary Enum Error Event Exception Function Integer Iterable
  List Location Map Node Number Object Optional Promise Queue Record Request Response Result Set Status
  String Symbol Task Thread Type Version`.split(/\s+/));

function* objectsIn(item, where) {
  if (item === null || typeof item !== 'object') return;
  yield [item, where];
  for (const [name, value] of Object.entries(item)) yield* objectsIn(value, `${where}/${name}`);
}

// What a generator could make only an invented name or the type "any" of.
export function* badForGenerators(document) {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (!/^[A-Z][a-z0-9]+([A-Z][a-z0-9]+)*$/.test(name)) yield `${name}: not in PascalCase`;
    if (TAKEN.has(name)) yield `${name}: languages have a type of that name`;
    for (const [part, where] of objectsIn(schema, name)) {
      const named = where === name;
      if ((part.enum || part.const !== undefined) && !part.type) yield `${where}: has no type`;
      if (part.enum && !named) yield `${where}: an enumeration without a name`;
      if (part.type === 'object' && !named) yield `${where}: an object without a name`;
      if (part.oneOf && !named) yield `${where}: a choice without a name`;
    }
  }
  for (const [part, where] of objectsIn(document.paths, 'paths')) {
    if (part.enum || part.properties) yield `${where}: a schema without a name`;
  }
}

export async function complaintsOf(file, document) {
  const config = await createConfig({ extends: ['recommended'], rules: RULES });
  const problems = await lint({ ref: file, config });
  return [
    ...problems.map(({ ruleId, message, location }) =>
      `${location[0].pointer ?? ''}: ${message} (${ruleId})`),
    ...badForGenerators(document),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = path.resolve(process.argv[2]);
  const document = createRequire(import.meta.url)(file);
  const complaints = await complaintsOf(file, document);
  for (const complaint of complaints) console.log(complaint);
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
