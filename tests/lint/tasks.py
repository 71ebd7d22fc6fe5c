#!/usr/bin/env python3
"""Twenty things that a newcomer looks for are each at most two links away from README.md."""
import pathlib
import urllib.parse

import markdown_links
import tree

START = "README.md"
CLICKS = 2

TASKS = {
    "install": "deploy/README.md#on-one-machine",
    "run": "README.md#a-tour",
    "TTL": "docs/faq.md#how-do-i-let-a-key-expire",
    "delete": "docs/rest.md#delete-a-key",
    "batch": "docs/rest.md#batches",
    "consistency": "docs/consistency.md#the-levels",
    "TLS": "docs/security.md#tls",
    "tokens": "docs/security.md#tokens",
    "more coordinators": "docs/sizing.md#more-coordinators-and-gateways",
    "replace a node": "docs/operations.md#replacing-a-server",
    "change the number of nodes": "docs/operations.md#changing-the-ring",
    "upgrade": "docs/operations.md#rolling-upgrade",
    "backup": "docs/operations.md#backup",
    "metrics": "docs/operations.md#watching",
    "alerts": "docs/operations.md#alerts",
    "Kubernetes with own Redis": "docs/managed-redis.md#on-kubernetes-with-redis-of-your-own",
    "Helm": "docs/faq.md#is-there-a-helm-chart",
    "a client in another language": "docs/clients/README.md",
    "images": "deploy/README.md#with-docker",
    "troubleshooting": "docs/troubleshooting.md",
}


def targets(root, page):
    """Where the links of a page lead, as FILE or FILE#HEADING from the root."""
    folder = (root / page).parent
    for link in markdown_links.links(tree.read(root, page)):
        if markdown_links.WEB.match(link):
            continue
        file, _, heading = urllib.parse.unquote(link).partition("#")
        path = (folder / file).resolve() if file else (root / page).resolve()
        if path.is_file() and path.is_relative_to(root):
            name = path.relative_to(root).as_posix()
            yield f"{name}#{heading}" if heading else name


def reached(root, clicks=CLICKS):
    """How many links from README.md each target is away, as far as `clicks`."""
    found, pages = {START: 0}, {START}
    for click in range(1, clicks + 1):
        new = {target for page in pages for target in targets(root, page)} - found.keys()
        found |= dict.fromkeys(new, click)
        pages = {target.partition("#")[0] for target in new if ".md" in target}
    return found


def exists(root, target):
    file, _, heading = target.partition("#")
    path = root / file
    return path.is_file() and (
        not heading or heading in markdown_links.anchors(path.read_text(encoding="utf-8"))
    )


def check(root, tasks=None):
    root = pathlib.Path(root).resolve()
    found = reached(root)
    for task, target in (TASKS if tasks is None else tasks).items():
        if not exists(root, target):
            yield f"{task}: {target} is not there"
        elif target.partition("#")[0] != START and target not in found:
            yield f"{task}: {target} is more than {CLICKS} links from {START}"


if __name__ == "__main__":
    tree.run(check, __doc__)
