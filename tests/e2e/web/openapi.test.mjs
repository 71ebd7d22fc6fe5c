// KACHE_OPENAPI is an OpenAPI 3.1 document by that standard's own schema, and whole.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";

const document = JSON.parse(readFileSync(process.env.KACHE_OPENAPI, "utf8"));

test("is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.equal(result.valid, true, JSON.stringify(result.errors, null, 2));
  assert.equal(validator.version, "3.1");
});

test("every reference leads somewhere, and every component is used", () => {
  const used = new Set();
  const look = (item) => {
    if (item === null || typeof item !== "object") return;
    if (typeof item.$ref === "string") used.add(item.$ref);
    for (const scheme of (item.security ?? []).flatMap(Object.keys)) {
      used.add(`#/components/securitySchemes/${scheme}`);  // referred to by name
    }
    Object.values(item).forEach(look);
  };
  look(document);
  const there = Object.entries(document.components).flatMap(([kind, items]) =>
    Object.keys(items).map((name) => `#/components/${kind}/${name}`));
  assert.deepEqual([...used].sort(), there.sort());
});

test("operation ids are unique and every path parameter is described", () => {
  const ids = new Set();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method === "parameters") continue;
      assert.ok(!ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
    }
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = (item.parameters ?? []).map((parameter) =>
      parameter.$ref ? document.components.parameters[parameter.$ref.split("/").pop()] : parameter)
      .filter((parameter) => parameter.in === "path").map(({ name }) => name);
    assert.deepEqual(described, wanted, path);
  }
});
