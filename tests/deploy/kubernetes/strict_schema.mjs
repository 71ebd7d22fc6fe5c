// Checks Kubernetes objects against the types of the API, as strictly as an API server with
// `fieldValidation: Strict`: unknown fields, wrong types and missing required fields are mistakes.
//
//   const schema = new StrictSchema('.../@kubernetes/client-node/dist/gen/models');
//   const mistakes = schema.check(object);    // ['spec.replicas: expected a number, ...']
//
// The types come from the models that Kubernetes generates from its OpenAPI description: the .js
// names the fields and their types, the .d.ts tells which are required. Values are not checked
// beyond their type (no patterns, no ranges).
import fs from 'node:fs';
import path from 'node:path';

// The model of each kind that the manifests use. Another apiVersion or kind is a mistake.
const kModels = {
  'v1/ConfigMap': 'V1ConfigMap',
  'v1/Namespace': 'V1Namespace',
  'v1/Pod': 'V1Pod',
  'v1/Secret': 'V1Secret',
  'v1/Service': 'V1Service',
  'v1/ServiceAccount': 'V1ServiceAccount',
  'apps/v1/Deployment': 'V1Deployment',
  'apps/v1/StatefulSet': 'V1StatefulSet',
  'networking.k8s.io/v1/Ingress': 'V1Ingress',
  'networking.k8s.io/v1/NetworkPolicy': 'V1NetworkPolicy',
  'policy/v1/PodDisruptionBudget': 'V1PodDisruptionBudget',
};

const kQuantity = /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$/;

export class StrictSchema {
  #folder;
  #types = new Map();

  constructor(folder) {
    this.#folder = folder;
  }

  check(object) {
    const model = kModels[`${object.apiVersion}/${object.kind}`];
    if (!model) return [`${object.apiVersion}/${object.kind}: not a kind of these manifests`];
    const mistakes = [];
    this.#checkValue(object, model, '', mistakes);
    return mistakes;
  }

  // The fields of a model: name -> {type, required}.
  #fieldsOf(model) {
    if (this.#types.has(model)) return this.#types.get(model);
    const source = fs.readFileSync(path.join(this.#folder, `${model}.js`), 'utf8');
    const declaration = fs.readFileSync(path.join(this.#folder, `${model}.d.ts`), 'utf8');
    const table = source.match(/\.attributeTypeMap = (\[[\s\S]*?\n\]);/);
    if (!table) throw new Error(`${model}: no table of fields found`);
    const fields = new Map();
    for (const { name, baseName, type } of JSON.parse(table[1])) {
      fields.set(baseName, { type, required: declaration.includes(`\n    '${name}': `) });
    }
    this.#types.set(model, fields);
    return fields;
  }

  #checkValue(value, type, where, mistakes) {
    const expect = (right, what) => {
      if (!right) mistakes.push(`${where}: expected ${what}, got ${JSON.stringify(value)}`);
      return right;
    };
    const isMap = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);
    const list = type.match(/^Array<(.*)>$/);
    const map = type.match(/^\{ \[key: string\]: (.*); \}$/);
    if (list) {
      if (!expect(Array.isArray(value), 'a list')) return;
      value.forEach((item, i) => this.#checkValue(item, list[1], `${where}[${i}]`, mistakes));
    } else if (map) {
      if (!expect(isMap(value), 'a map')) return;
      for (const [key, item] of Object.entries(value)) {
        this.#checkValue(item, map[1], `${where}.${key}`, mistakes);
        if (/\.(limits|requests)$/.test(where)) {
          expect(kQuantity.test(item), 'quantities');
        }
      }
    } else if (type === 'IntOrString') {
      expect(Number.isInteger(value) || typeof value === 'string', 'an integer or a string');
    } else if (type === 'number') {
      expect(Number.isInteger(value), 'a whole number');
    } else if (type === 'string' || type === 'boolean') {
      expect(typeof value === type, `a ${type}`);
    } else if (type === 'Date') {
      expect(false, 'nothing here: the API server sets it');
    } else if (type !== 'any') {
      if (!expect(isMap(value), 'an object')) return;
      this.#checkObject(value, type, where, mistakes);
    }
  }

  #checkObject(object, model, where, mistakes) {
    const fields = this.#fieldsOf(model);
    const prefix = where === '' ? '' : `${where}.`;
    for (const [name, value] of Object.entries(object)) {
      const field = fields.get(name);
      if (!field) {
        mistakes.push(`${prefix}${name}: no field of ${model}`);
      } else {
        this.#checkValue(value, field.type, prefix + name, mistakes);
      }
    }
    for (const [name, { required }] of fields) {
      if (required && object[name] === undefined) {
        mistakes.push(`${prefix}${name}: required by ${model}`);
      }
    }
  }
}
