#!/usr/bin/env python3
"""Every link in a markdown file that points into the repository leads to a file, and to a heading
where it names one. Links into the web are not followed."""
import re
import urllib.parse

import tree

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
FENCE = re.compile(r"^( {0,3}(```+|~~~+)).*?^ {0,3}\2[^\n]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
WEB = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def anchors(text):
    """The names that a heading can be linked by, as GitHub makes them."""
    names, counts = set(), {}
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", FENCE.sub("", text), re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = counts.get(name, 0)
        counts[name] = count + 1
        names.add(f"{name}-{count}" if count else name)
    return names | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def links(text):
    text = INLINE_CODE.sub("", FENCE.sub("", text))
    return LINK.findall(text) + REFERENCE.findall(text)


def wrong_link(root, path, link):
    target, _, anchor = urllib.parse.unquote(link).partition("#")
    if target.startswith("/"):
        return f"{path}: {link} starts at the machine's root"
    file = (root / path.parent / target).resolve() if target else (root / path).resolve()
    if not file.is_relative_to(root.resolve()):
        return f"{path}: {link} leaves the repository"
    if not file.exists():
        return f"{path}: {link} leads nowhere"
    if anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
        return f"{path}: {link} names no heading of its file"
    return None


def check(root):
    for path in tree.files(root, ".md"):
        for link in links(tree.read(root, path)):
            complaint = None if WEB.match(link) else wrong_link(root, path, link)
            if complaint:
                yield complaint


if __name__ == "__main__":
    tree.run(check, __doc__)
