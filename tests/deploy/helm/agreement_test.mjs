// The chart with its defaults and the Kustomize base make the same objects. What differs on purpose is
// taken away below, and named.
import assert from 'node:assert/strict';
import test from 'node:test';

import { render, renderChart } from '../kubernetes/render.mjs';

// Labels by which Helm knows what is its own.
const kChartLabels = ['app.kubernetes.io/instance', 'app.kubernetes.io/version',
                      'app.kubernetes.io/managed-by', 'helm.sh/chart'];

function everywhere(value, change) {
  if (typeof value !== 'object' || value === null) return value;
  for (const item of Object.values(value)) everywhere(item, change);
  change(value);
  return value;
}

const isChartsOwn = ({ kind, metadata }) =>
  kind === 'ServiceAccount' || metadata.annotations?.['helm.sh/hook'] !== undefined;
// The namespace is Helm's --namespace; there others may run, so nothing is denied to all pods.
const isBasesOwn = ({ kind, metadata }) => kind === 'Namespace' || metadata.name === 'default-deny';

// redis.conf as Redis reads it: of a setting that stands twice, the last line counts.
function effective(conf) {
  const lines = conf.split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => line.split(/ (.*)/).slice(0, 2)));
}

function alike(object) {
  everywhere(object, (map) => {
    for (const label of kChartLabels) delete map[label];
    delete map['checksum/settings'];  // the base has it in the ConfigMaps' names
    delete map.serviceAccountName;
    delete map.imagePullPolicy;  // as Kubernetes has it by default for tags like these
    map.topologySpreadConstraints?.sort((a, b) => a.topologyKey.localeCompare(b.topologyKey));
    if (map.type === 'ClusterIP') delete map.type;
  });
  // Helm finds its objects by labels; in the base those have none that nothing selects.
  if (['ConfigMap', 'NetworkPolicy'].includes(object.kind)) delete object.metadata.labels;
  if (object.data?.['redis.conf']) object.data['redis.conf'] = effective(object.data['redis.conf']);
  return object;
}

// The base's names as the chart has them: one release is one of many in a namespace.
function renamed(objects) {
  const text = JSON.stringify(objects)
      .replaceAll(/"(kache|redis)-settings-[a-z0-9]{10}"/g, '"$1-settings"')
      .replaceAll('"redis-settings"', '"kache-redis-settings"')
      .replaceAll(/"(name|serviceName)":"redis"/g, '"$1":"kache-redis"')
      .replaceAll(/=redis-(\d)\.redis:/g, '=kache-redis-$1.kache-redis:');
  const restored = JSON.parse(text);
  return everywhere(restored, (map) => {  // ports and the container are called redis in both
    if (map.name === 'kache-redis' && (map.port || map.containerPort || map.image)) map.name = 'redis';
  });
}

const byName = (objects) => new Map(objects.map((object) =>
  [`${object.kind} ${object.metadata.name}`, alike(object)]));

const chart = byName(renderChart().filter((object) => !isChartsOwn(object)));
const base = byName(renamed(render('deploy/kubernetes').filter((object) => !isBasesOwn(object))));

test('both make the same kinds under the same names', () => {
  assert.ok(base.size >= 12);
  assert.deepEqual([...chart.keys()].sort(), [...base.keys()].sort());
});

for (const [name, object] of base) {
  test(`${name} is the same in both`, () => assert.deepEqual(chart.get(name), object));
}
