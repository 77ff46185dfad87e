"""MyST of this book as plain Markdown, which every notebook program can show.

Only what the notebooks use is known: the directives `math`, `exercise` and `solution`,
and the roles `term`, `numref`, `eq` and `cite`. Numbers and citations are Sphinx's.
"""

import re

DIRECTIVE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})\{(?P<kind>\w+)\} ?(?P<title>.*)\n"
    r"(?P<options>(?: *:\w+:.*\n)*)(?P<body>(?:.*\n)*?) *(?P=fence)$",
    re.MULTILINE,
)
ROLE = re.compile(r"\{(?P<kind>[\w:]+)\}`(?P<content>[^`]+)`")


def plain(text, numbers, citations):
    """Markdown in which each directive and role has become what it stands for.

    `numbers` has the number of each exercise, figure and equation by its label,
    `citations` the short name of each source by its key.
    """

    def role(found):
        content = found["content"]
        match found["kind"]:
            case "term":
                return re.sub(r"\s*<.*>$", "", content, flags=re.DOTALL)
            case "numref":
                return f"Fig. {numbers[content]}"
            case "eq":
                return f"({numbers[f'equation-{content}']})"
            case "cite:p" | "cite:t":
                names = [citations[key.strip()] for key in content.split(",")]
                return f"[{', '.join(names)}]"
        return found[0]

    def directive(found):
        title, body = found["title"].strip(), found["body"].rstrip()
        label = re.search(r":label: *(\S+)", found["options"])
        match found["kind"]:
            case "math":
                tag = f"\n\\tag{{{numbers[f'equation-{label[1]}']}}}" if label else ""
                math = f"$$\n{body}{tag}\n$$"
                return found["indent"] + math.replace("\n", f"\n{found['indent']}")
            case "exercise":
                return f"**Exercise {numbers[label[1]]}.** {title}\n\n{body}"
            case "solution":
                summary = f"Solution of exercise {numbers[title]}"
                return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
        return found[0]

    return ROLE.sub(role, DIRECTIVE.sub(directive, text))


def numbers_of(env):
    """The number, such as "3.2", of each label that Sphinx has numbered."""
    return {
        label: ".".join(map(str, number))
        for kinds in env.toc_fignumbers.values()
        for labels in kinds.values()
        for label, number in labels.items()
    }


def citations_of(env):
    """The short name, such as "AS64", of each cited source by its key."""
    found = env.get_domain("cite").citations
    return {citation.key: citation.formatted_entry.label for citation in found}
