"""JUnit XML, as GitLab, Jenkins and others read it: a suite for each model, a case for each check on each board.

The format has no standard; this keeps to what Jenkins' xunit schema and GitLab's documentation have in common.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from mcugen.verify.budgets import Check
from mcugen.verify.matrix import MatrixResult, ModuleResult

# What XML 1.0 has no way to write, not even as a reference: control characters, halves of surrogates, U+FFFE, U+FFFF.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def junit(result: MatrixResult) -> bytes:
    """The report as a file's content."""
    root = ElementTree.Element("testsuites", _counts("mcugen", result.results, result.seconds))
    for model in dict.fromkeys(module.model for module in result.results):
        modules = tuple(module for module in result.results if module.model == model)
        seconds = sum(check.seconds for module in modules for check in module.checks)
        suite = ElementTree.SubElement(root, "testsuite", _counts(model, modules, seconds))
        for module in modules:
            for check in module.checks:
                _case(suite, module, check)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _case(suite: ElementTree.Element, module: ModuleResult, check: Check) -> None:
    # Jenkins groups by what is before the last dot of a class's name, so no other dots are in it.
    group = ".".join(part.replace(".", "_") for part in ("mcugen", module.model, module.board))
    name = f"{check.name} ({module.model} on {module.board})"
    case = ElementTree.SubElement(
        suite, "testcase", classname=_xml(group), name=_xml(name), time=_seconds(check.seconds)
    )
    if check.status == "skipped":
        ElementTree.SubElement(case, "skipped", message=_xml(check.detail))
    elif check.good:
        ElementTree.SubElement(case, "system-out").text = _xml(check.detail)
    else:
        kind = "failure" if check.status == "failed" else "error"
        found = ElementTree.SubElement(case, kind, message=_xml(check.detail), type=check.name)
        found.text = _xml(f"{module.model} on {module.board}, {check.name}:\n{check.text or check.detail}")


def _counts(name: str, modules: tuple[ModuleResult, ...], seconds: float) -> dict[str, str]:
    statuses = [check.status for module in modules for check in module.checks]
    return {
        "name": _xml(name),
        "tests": str(len(statuses)),
        "failures": str(statuses.count("failed")),
        "errors": str(statuses.count("error")),
        "skipped": str(statuses.count("skipped")),
        "time": _seconds(seconds),
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _xml(text: str) -> str:
    """The text with an escape for each character that XML has not."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
