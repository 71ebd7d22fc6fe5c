// Checks objects of the Gateway API and of the Prometheus operator against their models, as strictly
// as StrictSchema checks those of Kubernetes:
//
//   const schema = await CustomSchema.load('.../node_modules');
//   const mistakes = schema.check(object);    // ['/spec/rules/0/matchess: no such field', ...]
//
// The models' validators know types, patterns and required fields, and pass over unknown fields. A
// validator reads every field that its model has and no other, so a field that it has not read is
// unknown.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const kOperator = 'ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1';
const kGateway = 'IoK8sSigsGatewayApiApisV1';
const kModels = {
  'gateway.networking.k8s.io/v1/GRPCRoute': ['gateway-api', `${kGateway}GRPCRoute`],
  'gateway.networking.k8s.io/v1/HTTPRoute': ['gateway-api', `${kGateway}HTTPRoute`],
  'monitoring.coreos.com/v1/PodMonitor': ['prometheus-operator', `${kOperator}PodMonitor`],
  'monitoring.coreos.com/v1/PrometheusRule': ['prometheus-operator', `${kOperator}PrometheusRule`],
  'monitoring.coreos.com/v1/ServiceMonitor': ['prometheus-operator', `${kOperator}ServiceMonitor`],
};

const kindOf = ({ apiVersion, kind }) => `${apiVersion}/${kind}`;
const isContainer = (value) => typeof value === 'object' && value !== null;

// A view of a value that notes in `read` which fields, named by their paths, were read.
function observed(value, where, read) {
  if (!isContainer(value)) return value;
  return new Proxy(value, {
    get(target, name) {
      if (typeof name === 'symbol' || !Object.hasOwn(target, name)) return target[name];
      read.add(`${where}/${name}`);
      return observed(target[name], `${where}/${name}`, read);
    },
  });
}

function* unreadFields(value, where, read) {
  if (!isContainer(value)) return;
  for (const [name, item] of Object.entries(value)) {
    if (!read.has(`${where}/${name}`)) yield `${where}/${name}`;
    else yield* unreadFields(item, `${where}/${name}`, read);
  }
}

export class CustomSchema {
  #validators;

  constructor(validators) {
    this.#validators = validators;
  }

  static async load(modules) {
    const validators = new Map();
    for (const [kind, [folder, model]] of Object.entries(kModels)) {
      const file = path.join(modules, '@kubernetes-models', folder, '_schemas', `${model}.js`);
      validators.set(kind, (await import(pathToFileURL(file))).validate);
    }
    return new CustomSchema(validators);
  }

  knows(object) {
    return this.#validators.has(kindOf(object));
  }

  check(object) {
    const validate = this.#validators.get(kindOf(object));
    const read = new Set();
    const fits = validate(observed(object, '', read), { instancePath: '' });
    const mistakes = fits ? [] : validate.errors.map(({ instancePath, keyword, params }) =>
      `${instancePath}: ${keyword} ${JSON.stringify(params)}`);
    return [...mistakes, ...[...unreadFields(object, '', read)].map((at) => `${at}: no such field`)];
  }
}
