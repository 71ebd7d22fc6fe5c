// The manifests hold nothing that an API server would not know; and the check that says so notices.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parse, render, schema } from './render.mjs';

const manifests = render('deploy/kubernetes');

function mistakesOf(text) {
  return schema.check(parse(text)[0]);
}

test('every object fits the types of the API', () => {
  assert.ok(manifests.length >= 14, `only ${manifests.length} objects`);
  for (const object of manifests) {
    assert.deepEqual(schema.check(object), [], `${object.kind} ${object.metadata.name}`);
  }
});

test('the overlay for an old Kubernetes differs in its probes and budgets only', () => {
  const old = render('tests/deploy/kubernetes/1.20');
  assert.equal(old.length, manifests.length);
  for (const object of old) {
    if (object.kind === 'PodDisruptionBudget') {
      assert.equal(object.spec.unhealthyPodEvictionPolicy, undefined);
      assert.equal(object.apiVersion, 'policy/v1beta1');
      object.apiVersion = 'policy/v1';
    }
    assert.deepEqual(schema.check(object), [], `${object.kind} ${object.metadata.name}`);
    assert.ok(!JSON.stringify(object).includes('"grpc":{'), 'a gRPC probe is left');
  }
});

test('an unknown field is a mistake, at any depth', () => {
  assert.deepEqual(mistakesOf(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a}
spec: {maxUnavailible: 1}`), ['spec.maxUnavailible: no field of V1PodDisruptionBudgetSpec']);
  assert.deepEqual(mistakesOf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {podSelector: {}, ingress: [{from: [{podSelectors: {}}]}]}`),
  ['spec.ingress[0].from[0].podSelectors: no field of V1NetworkPolicyPeer']);
});

test('a wrong type is a mistake', () => {
  const mistakes = mistakesOf(`
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {DRAIN_SECONDS: 20}`);
  assert.deepEqual(mistakes, ['data.DRAIN_SECONDS: expected a string, got 20']);
});

test('a missing required field is a mistake', () => {
  assert.deepEqual(mistakesOf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {selector: {}}`), ['spec.template: required by V1DeploymentSpec']);
});

test('an unknown kind or version is a mistake', () => {
  assert.equal(mistakesOf('{apiVersion: policy/v1beta1, kind: PodDisruptionBudget}').length, 1);
  assert.equal(mistakesOf('{apiVersion: v1, kind: Deployment}').length, 1);
});
