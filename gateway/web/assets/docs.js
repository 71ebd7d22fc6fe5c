// Writes /docs from /openapi.json: every operation with its parameters, bodies and answers.

import { byId, make } from "./dom.js";

const METHODS = ["get", "head", "put", "post", "delete"];

// `code` in backquotes; everything else is plain text.
function inline(text) {
  return text.split("`").map((part, i) => (i % 2 === 1 ? make("code", {}, part) : part));
}

function paragraphs(text) {
  return (text ?? "").split("\n\n").filter(Boolean).map((part) => make("p", {}, inline(part)));
}

class Description {
  constructor(document) {
    this.document = document;
  }

  // What a $ref stands for; anything else is itself.
  resolve(item) {
    if (!item?.$ref) return item;
    return item.$ref.slice(2).split("/").reduce((at, name) => at[name], this.document);
  }

  operations(tag) {
    const found = [];
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const method of METHODS) {
        if (item[method]?.tags.includes(tag)) {
          const parameters = [...(item.parameters ?? []), ...(item[method].parameters ?? [])];
          found.push({ ...item[method], path, method, parameters });
        }
      }
    }
    return found;
  }
}

function refName(schema) {
  return schema.$ref.split("/").pop();
}

// A schema in a few words, such as "integer, 1 to 60000".
function typeOf(schema) {
  if (!schema) return [];
  if (schema.$ref) return [make("a", { href: `#schema-${refName(schema)}` }, refName(schema))];
  if (schema.const !== undefined) return [make("code", {}, JSON.stringify(schema.const))];
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(", ")];
  if (schema.oneOf) {
    return schema.oneOf.flatMap((one, i) => [i > 0 ? " or " : "", ...typeOf(one)]);
  }
  if (schema.type === "array") return ["array of ", ...typeOf(schema.items)];
  if (!schema.type) return ["any bytes"];
  const limits = [];
  if (schema.minimum !== undefined) limits.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) limits.push(`to ${schema.maximum}`);
  if (schema.default !== undefined) limits.push(`default ${schema.default}`);
  return [[schema.title ?? schema.type, limits.join(" ")].filter(Boolean).join(", ")];
}

function table(caption, heads, rows) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, rows.map(([first, ...rest]) => make("tr", {},
        make("th", { scope: "row" }, first),
        rest.map((cell) => make("td", {}, cell)))))));
}

function parameterTable(description, parameters, caption) {
  const rows = parameters.map((item) => description.resolve(item)).map((item) => [
    make("code", {}, item.name),
    item.in,
    typeOf(item.schema),
    inline(item.description ?? ""),
  ]);
  return rows.length === 0 ? null : table(caption, ["Name", "In", "Type", "Meaning"], rows);
}

function bodies(content = {}) {
  return Object.entries(content).map(([type, body]) =>
    make("p", { class: "body" }, make("code", {}, type), ": ", typeOf(body.schema)));
}

function examples(content = {}) {
  return Object.values(content).filter((body) => body.example).map((body) =>
    make("pre", { tabindex: "0" }, make("code", {}, JSON.stringify(body.example, null, 2))));
}

function responseRows(description, responses) {
  return Object.entries(responses).map(([status, item]) => {
    const response = description.resolve(item);
    return [make("code", {}, status), inline(response.description), bodies(response.content)];
  });
}

function operation(description, item) {
  const name = `${item.method.toUpperCase()} ${item.path}`;
  const requestBody = item.requestBody?.content;
  return make("section", { id: item.operationId, class: "operation" },
    make("h3", {}, make("span", { class: `method ${item.method}` }, item.method.toUpperCase()),
      make("code", {}, item.path)),
    make("p", { class: "summary" }, item.summary),
    paragraphs(item.description),
    parameterTable(description, item.parameters, `Parameters of ${name}`),
    requestBody ? make("h4", {}, "Body") : null,
    bodies(requestBody), examples(requestBody),
    make("h4", {}, "Answers"),
    table(`Answers of ${name}`, ["Status", "Meaning", "Body"],
      responseRows(description, item.responses)),
    examples(item.responses["200"]?.content));
}

function memberTable(name, schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties).map(([member, property]) => [
    make("code", {}, member), typeOf(property), required.has(member) ? "always" : "perhaps",
    inline(property.description ?? ""),
  ]);
  return table(`Members of ${name}`, ["Member", "Type", "There", "Meaning"], rows);
}

function schemaSection(name, schema) {
  const members = [schema, ...(schema.oneOf ?? [])].filter((part) => part.properties);
  return make("section", { id: `schema-${name}`, class: "operation" },
    make("h3", {}, make("code", {}, name)),
    schema.description ? make("p", {}, inline(schema.description)) : null,
    members.length > 0 && !schema.oneOf ? null : make("p", {}, typeOf(schema)),
    members.map((part) => memberTable(part.title ? `${name}: ${part.title}` : name, part)));
}

function contents(description, tags) {
  return make("nav", { "aria-label": "Operations", class: "contents" }, make("ul", {},
    tags.flatMap((tag) => description.operations(tag.name).map((item) => make("li", {},
      make("a", { href: `#${item.operationId}` },
        make("span", { class: `method ${item.method}` }, item.method.toUpperCase()),
        item.path))))));
}

function render(document) {
  const description = new Description(document);
  const main = byId("content");
  main.append(
    ...paragraphs(document.info.description),
    contents(description, document.tags),
    ...document.tags.map((tag) => make("section", { class: "tag" },
      make("h2", {}, tag.name),
      make("p", {}, inline(tag.description)),
      description.operations(tag.name).map((item) => operation(description, item)))),
    make("section", { class: "tag" },
      make("h2", {}, "Schemas"),
      Object.entries(document.components.schemas).map(([name, schema]) =>
        schemaSection(name, schema))));
  byId("note").textContent = `Version ${document.info.version}, OpenAPI ${document.openapi}.`;
}

try {
  const answer = await fetch("openapi.json", { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  render(await answer.json());
  document.documentElement.dataset.ready = "true";
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  byId("note").textContent = `The description could not be loaded: ${error.message}`;
}
