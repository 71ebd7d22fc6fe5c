// What the manifests promise beyond being well-formed: hardened pods, probes, budgets, reachable
// services, and network policies that let through what must pass and nothing else.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { render } from './render.mjs';

const objects = render('deploy/kubernetes');
const ofKind = (...kinds) => objects.filter(({ kind }) => kinds.includes(kind));
const named = (kind, name) => ofKind(kind).find(({ metadata }) => metadata.name === name);

const workloads = ofKind('Deployment', 'StatefulSet');
const podOf = (workload) => workload.spec.template.spec;
const labelsOf = (workload) => workload.spec.template.metadata.labels;
const selects = (labels, workload) =>
  Object.entries(labels).every(([key, value]) => labelsOf(workload)[key] === value);
const settings = ofKind('ConfigMap').find(({ data }) => data.REDIS_URLS).data;

// One test for each workload.
function forEachWorkload(what, check) {
  for (const workload of workloads) test(`${workload.metadata.name} ${what}`, () => check(workload));
}

test('there are the three workloads', () => {
  assert.deepEqual(workloads.map(({ metadata }) => metadata.name).sort(),
                   ['kache-gateway', 'kache-server', 'redis']);
});

test('everything is in the namespace, which is restricted', () => {
  assert.equal(named('Namespace', 'kache').metadata.labels['pod-security.kubernetes.io/enforce'],
               'restricted');
  for (const { kind, metadata } of objects) {
    if (kind !== 'Namespace') assert.equal(metadata.namespace, 'kache');
  }
});

forEachWorkload('runs without privileges', (workload) => {
  const pod = podOf(workload);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.enableServiceLinks, false);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser > 0);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  for (const container of pod.containers) {
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
  }
});

forEachWorkload('asks for resources and has limits', (workload) => {
  for (const { resources } of podOf(workload).containers) {
    for (const list of [resources.requests, resources.limits]) {
      assert.deepEqual(Object.keys(list).sort(), ['cpu', 'memory']);
    }
  }
});

forEachWorkload('has a pinned image', (workload) => {
  for (const { image } of podOf(workload).containers) {
    assert.match(image, /:[0-9]/);
  }
});

forEachWorkload('has probes', (workload) => {
  for (const container of podOf(workload).containers) {
    assert.ok(container.readinessProbe && container.livenessProbe);
  }
});

forEachWorkload('selects its own pods and spreads them', (workload) => {
  const selector = workload.spec.selector.matchLabels;
  assert.deepEqual(workloads.filter((other) => selects(selector, other)), [workload]);
  const keys = podOf(workload).topologySpreadConstraints.map((constraint) => {
    assert.deepEqual(constraint.labelSelector.matchLabels, selector);
    return constraint.topologyKey;
  });
  assert.ok(keys.includes('kubernetes.io/hostname'));
});

forEachWorkload('has a disruption budget that allows a drain', (workload) => {
  const budgets = ofKind('PodDisruptionBudget')
      .filter(({ spec }) => selects(spec.selector.matchLabels, workload));
  assert.equal(budgets.length, 1);
  assert.equal(budgets[0].spec.maxUnavailable, 1);
  // A Redis pod that is not ready may hold what the others lack.
  const whenUnhealthy = workload.metadata.name === 'redis' ? undefined : 'AlwaysAllow';
  assert.equal(budgets[0].spec.unhealthyPodEvictionPolicy, whenUnhealthy);
  assert.ok(workload.spec.replicas >= 2);
});

test('kache-server is probed by the gRPC health protocol', () => {
  const [container] = podOf(named('Deployment', 'kache-server')).containers;
  const port = container.ports.find(({ name }) => name === 'grpc').containerPort;
  assert.deepEqual(container.startupProbe.grpc, { port, service: 'live' });
  assert.deepEqual(container.readinessProbe.grpc, { port, service: 'kache.v1.Kache' });
  assert.deepEqual(container.livenessProbe.grpc, { port, service: 'live' });
});

test('kache-gateway is probed over HTTP', () => {
  const [container] = podOf(named('Deployment', 'kache-gateway')).containers;
  assert.equal(container.readinessProbe.httpGet.path, '/readyz');
  assert.equal(container.livenessProbe.httpGet.path, '/livez');
});

test('the programs have the time to drain', () => {
  for (const name of ['kache-server', 'kache-gateway']) {
    const pod = podOf(named('Deployment', name));
    const pause = Number(pod.containers[0].lifecycle.preStop.exec.command[1]);
    assert.ok(pod.terminationGracePeriodSeconds > Number(settings.DRAIN_SECONDS) + pause);
  }
});

test('every service reaches a port of its pods', () => {
  for (const { spec, metadata } of ofKind('Service')) {
    const backends = workloads.filter((workload) => selects(spec.selector, workload));
    assert.equal(backends.length, 1, metadata.name);
    const names = podOf(backends[0]).containers[0].ports.map(({ name }) => name);
    for (const { targetPort } of spec.ports) assert.ok(names.includes(targetPort), targetPort);
  }
});

test('the services of gRPC and Redis are headless', () => {
  assert.equal(named('Service', 'kache-server').spec.clusterIP, 'None');
  assert.equal(named('Service', 'redis').spec.clusterIP, 'None');
  assert.equal(named('Service', 'redis').spec.publishNotReadyAddresses, true);
  assert.ok(Number(settings.MAX_CONNECTION_AGE_SECONDS) > 0);
});

test('REDIS_URLS names each pod of the StatefulSet', () => {
  const { spec } = named('StatefulSet', 'redis');
  const expected = Array.from({ length: spec.replicas }, (_, i) =>
    `cache-${i}=redis-${i}.${spec.serviceName}:6379`);
  assert.deepEqual(settings.REDIS_URLS.split(','), expected);
});

test('both programs read the settings that are rendered', () => {
  const { metadata } = ofKind('ConfigMap').find(({ data }) => data === settings);
  for (const name of ['kache-server', 'kache-gateway']) {
    const [container] = podOf(named('Deployment', name)).containers;
    assert.deepEqual(container.envFrom, [{ configMapRef: { name: metadata.name } }]);
  }
});

test('Redis stays below its memory limit and keeps nothing on disk', () => {
  const conf = ofKind('ConfigMap').find(({ data }) => data['redis.conf']).data['redis.conf'];
  const megabytes = Number(conf.match(/^maxmemory (\d+)mb$/m)[1]);
  const [container] = podOf(named('StatefulSet', 'redis')).containers;
  assert.ok(megabytes <= 0.6 * parseInt(container.resources.limits.memory, 10));
  assert.match(conf, /^save ""$/m);
  assert.match(conf, /^appendonly no$/m);
});

test('a Redis pod is ready when Kache says so, and waits for the others before it stops', () => {
  const pod = podOf(named('StatefulSet', 'redis'));
  const [container] = pod.containers;
  const [shell, script] = ['sh', '/etc/redis/redis-pod.sh'];
  assert.deepEqual(container.readinessProbe.exec.command, [shell, script, 'ready']);
  assert.equal(container.readinessProbe.failureThreshold, 1);
  assert.deepEqual(container.lifecycle.preStop.exec.command, [shell, script, 'stop']);

  const { name } = pod.volumes.find(({ configMap }) => configMap).configMap;
  assert.match(named('ConfigMap', name).data['redis-pod.sh'], /^#!\/bin\/sh\n/);
  assert.equal(container.volumeMounts.find(({ name: volume }) => volume === 'settings').mountPath,
               path.dirname(script));

  const wait = Number(container.env.find(({ name: each }) => each === 'STOP_WAIT_SECONDS').value);
  assert.ok(wait > 0 && pod.terminationGracePeriodSeconds >= wait + 10);
});

test('the Redis pods are reached before they are ready', () => {
  assert.equal(named('StatefulSet', 'redis').spec.podManagementPolicy, 'Parallel');
  assert.equal(named('Service', 'redis').spec.publishNotReadyAddresses, true);
});

test('a change does not empty one Redis server after another', () => {
  assert.equal(named('StatefulSet', 'redis').spec.updateStrategy.type, 'OnDelete');
});

// Whether the policies let a pod with `labels` (of this namespace, or of another one) talk to a
// workload's port, as far as the receiving side says.
function mayEnter(labels, sameNamespace, workload, port) {
  const policies = ofKind('NetworkPolicy')
      .filter(({ spec }) => selects(spec.podSelector.matchLabels ?? {}, workload));
  assert.ok(policies.length > 0);
  const matches = (peer) => (sameNamespace || peer.namespaceSelector !== undefined) &&
    Object.entries(peer.podSelector?.matchLabels ?? {}).every(([k, v]) => labels[k] === v);
  return policies.some(({ spec }) => (spec.ingress ?? []).some((rule) =>
    rule.ports.some((allowed) => allowed.port === port) &&
    (rule.from === undefined || rule.from.some(matches))));
}

// Whether a workload's own policies let it talk to another one's port.
function mayLeave(workload, target, port) {
  return ofKind('NetworkPolicy')
      .filter(({ spec }) => selects(spec.podSelector.matchLabels ?? {}, workload))
      .some(({ spec }) => (spec.egress ?? []).some((rule) =>
        rule.ports.some((allowed) => allowed.port === port) &&
        (rule.to ?? []).some(({ podSelector }) => selects(podSelector.matchLabels, target))));
}

test('the network policies let through what must pass, and nothing else', () => {
  const redis = named('StatefulSet', 'redis');
  const server = named('Deployment', 'kache-server');
  const gateway = named('Deployment', 'kache-gateway');
  const ports = new Map([[redis, 6379], [server, 50051], [gateway, 8080]]);
  const passes = (from, to) => mayLeave(from, to, ports.get(to)) &&
    mayEnter(labelsOf(from), true, to, ports.get(to));

  assert.ok(passes(gateway, server) && passes(server, redis));
  for (const [from, to] of [[gateway, redis], [server, gateway], [redis, server],
                            [redis, redis], [redis, gateway]]) {
    assert.ok(!passes(from, to), `${from.metadata.name} -> ${to.metadata.name}`);
  }
  assert.ok(mayEnter({}, false, gateway, 8080));
  assert.ok(mayEnter({}, false, server, 9464));
  assert.ok(mayEnter({ 'kache.io/client': 'true' }, false, server, 50051));
  assert.ok(!mayEnter({}, true, server, 50051));
  assert.ok(!mayEnter({ 'kache.io/client': 'true' }, true, redis, 6379));
});
