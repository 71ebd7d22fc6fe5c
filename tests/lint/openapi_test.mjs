// The lint of the REST description notices what it is there for.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { badForGenerators, complaintsOf } from './openapi.mjs';

const text =
    readFileSync(fileURLToPath(new URL('../../gateway/web/openapi.json', import.meta.url)), 'utf8');

// The names of what is wrong with a schema of the given name.
function bad(name, schema) {
  return [...badForGenerators({ paths: {}, components: { schemas: { [name]: schema } } })];
}

test('names that languages have taken, or that are not in PascalCase', () => {
  assert.deepEqual(bad('Error', { type: 'object' }), ['Error: languages have a type of that name']);
  assert.deepEqual(bad('key_value', { type: 'object' }), ['key_value: not in PascalCase']);
  assert.deepEqual(bad('KeyValue', { type: 'object' }), []);
});

test('what has no name or no type', () => {
  const within = (schema) => bad('KeyValue', { type: 'object', properties: { part: schema } });
  const at = 'KeyValue/properties/part';
  assert.deepEqual(within({ type: 'string', enum: ['a'] }), [`${at}: an enumeration without a name`]);
  assert.deepEqual(within({ const: 'a' }), [`${at}: has no type`]);
  assert.deepEqual(within({ type: 'object' }), [`${at}: an object without a name`]);
  assert.deepEqual(within({ oneOf: [] }), [`${at}: a choice without a name`]);
});

test('what Redocly notices', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kache-openapi-'));
  try {
    const document = JSON.parse(text);
    delete document.paths['/status'].get.summary;
    document.paths['/ping'].get.operationId = 'getStatus';
    document.components.schemas.UnusedPart = { type: 'string' };
    const file = path.join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const complaints = (await complaintsOf(file, document)).join('\n');
    for (const rule of
             ['operation-summary', 'operation-operationId-unique', 'no-unused-components']) {
      assert.match(complaints, new RegExp(rule));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
