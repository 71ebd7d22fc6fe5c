// The chart with its defaults and the Kustomize base make the same objects. Each difference that is
// wanted is named below, and taken away.
import assert from 'node:assert/strict';
import test from 'node:test';

import { render, renderChart } from '../kubernetes/render.mjs';
import { kOwnRedis, kSecured } from './variants.mjs';

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
const kubernetesOnly = (objects) => objects.filter((object) => !isChartsOwn(object));
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
      .replaceAll(/([=/])redis-(\d)\.redis([:.])/g, '$1kache-redis-$2.kache-redis$3');
  const restored = JSON.parse(text);
  return everywhere(restored, (map) => {  // ports and the container are called redis in both
    if (map.name === 'kache-redis' && (map.port || map.containerPort || map.image)) map.name = 'redis';
  });
}

const byName = (objects) => new Map(objects.map((object) =>
  [`${object.kind} ${object.metadata.name}`, alike(object)]));

const chartOf = (values) => byName(kubernetesOnly(renderChart(values)));
const kustomized = (folder) =>
  byName(renamed(render(folder).filter((object) => !isBasesOwn(object))));
const chart = chartOf({});
const base = kustomized('deploy/kubernetes');

test('both make the same kinds under the same names', () => {
  assert.ok(base.size >= 12);
  assert.deepEqual([...chart.keys()].sort(), [...base.keys()].sort());
});

for (const [name, object] of base) {
  test(`${name} is the same in both`, () => assert.deepEqual(chart.get(name), object));
}

// The overlay `secure` sets by the ConfigMap what the chart sets in the pods, and by arguments what the
// chart writes into redis.conf. So what the programs get is compared.
function programs(objects) {
  const settings = objects.get('ConfigMap kache-settings').data;
  const sorted = (list = []) => list.sort((a, b) => a.name.localeCompare(b.name));
  return ['Deployment kache-server', 'Deployment kache-gateway', 'StatefulSet kache-redis']
      .filter((name) => objects.has(name)).map((name) => {
        const { containers: [container], volumes } = objects.get(name).spec.template.spec;
        const files = (volumes ?? []).filter(({ secret }) => secret);
        for (const { secret } of files) secret.items.sort((a, b) => a.key.localeCompare(b.key));
        const own = (container.env ?? []).map((each) => [each.name, each.value ?? each.valueFrom]);
        const { startupProbe, readinessProbe, livenessProbe } = container;
        return {
          env: { ...(container.envFrom ? settings : {}), ...Object.fromEntries(own) },
          probes: { startupProbe, readinessProbe, livenessProbe },
          volumes: sorted(files),
          mounts: sorted(container.volumeMounts),
        };
      });
}

// Of the settings only those that the program's mounts serve: one ConfigMap has them for all.
function ofItsFiles({ env, mounts, ...rest }) {
  const served = ([name, value]) => !/_FILE$/.test(name) ||
    (mounts ?? []).some(({ mountPath }) => value.startsWith(`${mountPath}/`));
  const withoutUser = (name) => name !== 'REDIS_USERNAME';
  return { ...rest, mounts,
           env: Object.fromEntries(Object.entries(env).filter(served).filter(([n]) => withoutUser(n))) };
}

test('the overlay secure and the chart secured give the programs the same', () => {
  const overlay = programs(kustomized('deploy/overlays/secure')).map(ofItsFiles);
  assert.deepEqual(programs(chartOf(kSecured)).map(ofItsFiles), overlay);
  assert.equal(overlay.length, 3);
});

test('the overlay own-redis leaves the same out as the chart', () => {
  const names = (objects) => [...objects.keys()].sort();
  assert.deepEqual(names(kustomized('deploy/overlays/own-redis')), names(chartOf(kOwnRedis)));
});
