// The ring: which server owns which arcs of it, and its drawing. Angles are parts of the circle,
// 0 to 1, clockwise from the top.

import { makeSvg } from "./dom.js";
import { token } from "./murmur3.js";

const SPACE = 2 ** 64;
const OUTER = 92;
const INNER = 64;
// More virtual nodes than that are neither to be seen nor quickly hashed.
const MAX_VIRTUAL_NODES = 20_000;
const MAX_SHARE_ERROR = 0.0005;

export const colourOf = (index) => `n${index % 8}`;

// Where a token of `/api/v1/locate`, 16 hexadecimal digits, stands.
export const angleOfToken = (digits) => Number(BigInt(`0x${digits}`)) / SPACE;

// As docs/ring.md says: virtual node i of a server stands at the token of "<name>#<i>", and owns
// the arc from the one before it.
function hashedArcs(names, virtualNodes) {
  const points = names.flatMap((name, node) => Array.from({ length: virtualNodes },
    (_, i) => ({ token: token(`${name}#${i}`), node })));
  points.sort((a, b) => (a.token < b.token ? -1 : 1));
  const arcs = names.map(() => []);
  let from = Number(points.at(-1).token) / SPACE - 1;
  for (const point of points) {
    const to = Number(point.token) / SPACE;
    arcs[point.node].push([from, to]);
    from = to;
  }
  return arcs;
}

function shareArcs(nodes) {
  let from = 0;
  return nodes.map(({ share }) => {
    const arc = [from, from + share];
    from += share;
    return [arc];
  });
}

const lengthOf = (arcs) => arcs.reduce((sum, [from, to]) => sum + to - from, 0);

// {arcs: a list of [from, to] for each node, exact}. Not exact: one arc for each server, as long as
// its share, where the arcs computed here do not add up to the shares that the server tells.
export function arcsOf(status) {
  const { nodes, vnodesPerNode } = status;
  if (nodes.length * vnodesPerNode <= MAX_VIRTUAL_NODES) {
    const arcs = hashedArcs(nodes.map((node) => node.name), vnodesPerNode);
    if (nodes.every((node, i) => Math.abs(lengthOf(arcs[i]) - node.share) < MAX_SHARE_ERROR)) {
      return { arcs, exact: true };
    }
  }
  return { arcs: shareArcs(nodes), exact: false };
}

function point(angle, radius) {
  const radians = angle * 2 * Math.PI;
  return `${(Math.sin(radians) * radius).toFixed(2)} ${(-Math.cos(radians) * radius).toFixed(2)}`;
}

function sector([from, to]) {
  const end = Math.min(to, from + 0.99999);  // a full circle would have no beginning
  const large = end - from > 0.5 ? 1 : 0;
  return `M${point(from, OUTER)}A${OUTER} ${OUTER} 0 ${large} 1 ${point(end, OUTER)}` +
    `L${point(end, INNER)}A${INNER} ${INNER} 0 ${large} 0 ${point(from, INNER)}Z`;
}

function rim([from, to]) {
  const end = Math.min(to, from + 0.99999);
  const radius = OUTER + 5;
  return `M${point(from, radius)}A${radius} ${radius} 0 ${end - from > 0.5 ? 1 : 0} 1 ` +
    point(end, radius);
}

const pathOf = (arcs, shape) => arcs.map(shape).join("");

function described(status) {
  const parts = status.nodes.map((node) =>
    `${node.name} owns ${(node.share * 100).toFixed(1)} % and is ${node.state}`);
  return `Ring of ${status.nodes.length} servers: ${parts.join("; ")}.`;
}

export class RingView {
  constructor(svg) {
    this.svg = svg;
    this.drawnFor = "";
    this.chosen = null;
    this.pinned = null;
  }

  // True when the arcs are those of the real ring.
  show(status) {
    const identity = JSON.stringify([status.ringFingerprint,
      status.nodes.map((node) => [node.name, node.share])]);
    if (identity !== this.drawnFor) {
      this.drawnFor = identity;
      this.ring = arcsOf(status);
    }
    const { arcs, exact } = this.ring;
    this.svg.setAttribute("aria-label", described(status));
    this.svg.replaceChildren(
      ...status.nodes.map((node, i) => makeSvg("path", {
        d: pathOf(arcs[i], sector),
        class: `arc ${colourOf(i)} ${node.state.toLowerCase()}`,
        "data-node": i,
      })),
      ...status.nodes.flatMap((node, i) => (node.state === "UP" ? [] : [makeSvg("path", {
        d: pathOf(arcs[i], rim), class: `trouble ${node.state.toLowerCase()}`,
      })])),
      makeSvg("text", { y: -2, class: "big" }, `${status.nodes.length}`),
      makeSvg("text", { y: 13 }, status.nodes.length === 1 ? "server" : "servers"),
      makeSvg("text", { y: 28 }, `${status.replicationFactor} copies of a key`));
    this.#mark();
    this.#drawPin();
    return exact;
  }

  choose(index) {
    this.chosen = index;
    this.#mark();
  }

  // Marks where a key's token stands; null takes the mark away.
  pin(angle) {
    this.pinned = angle;
    this.#drawPin();
  }

  #mark() {
    this.svg.classList.toggle("chosen", this.chosen !== null);
    for (const arc of this.svg.querySelectorAll(".arc")) {
      arc.classList.toggle("chosen", Number(arc.dataset.node) === this.chosen);
    }
  }

  #drawPin() {
    this.svg.querySelector(".pin")?.remove();
    if (this.pinned === null) return;
    this.svg.append(makeSvg("path", {
      class: "pin", d: "M0 -85L6 -105L-6 -105Z", transform: `rotate(${this.pinned * 360})`,
    }));
  }
}
