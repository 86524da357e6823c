"""Writes `junit.xml`, which CI systems show. What was not executed is no pass there either."""

from xml.etree import ElementTree

from tocsin.conformance.outcomes import FAILURES, Outcome, Result
from tocsin.conformance.report.summary import Run
from tocsin.printable import printable


def junit(run: Run) -> bytes:
    """Returns the results as JUnit's XML: a suite for each profile."""
    root = ElementTree.Element("testsuites", name=run.suite)
    for profile in run.profiles():
        results = [result for result in run.results if result.clause.profile == profile]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=profile,
            tests=str(len(results)),
            failures=str(sum(result.outcome in FAILURES for result in results)),
            errors="0",
            skipped=str(sum(_skipped(result) for result in results)),
            time=f"{sum(result.seconds for result in results):.3f}",
            timestamp=run.started,
        )
        for result in results:
            _case(suite, result)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _skipped(result: Result) -> bool:
    return result.outcome in (Outcome.NOT_RUN, Outcome.KNOWN)


def _case(suite: ElementTree.Element, result: Result) -> None:
    clause = result.clause
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"conformance.{clause.profile}.{clause.level}",
        name=clause.id,
        time=f"{result.seconds:.3f}",
    )
    if result.outcome is Outcome.PASSED:
        return
    why = printable(result.declared or result.reason.partition("\n")[0])
    if result.outcome in FAILURES:
        found = ElementTree.SubElement(case, "failure", message=why, type=str(clause.level))
        found.text = printable(_told(result), newlines=True)
    elif _skipped(result):
        ElementTree.SubElement(case, "skipped", message=f"{result.outcome}: {why}")
    else:
        ElementTree.SubElement(case, "system-out").text = f"{result.outcome}: {why}"


def _told(result: Result) -> str:
    traces = ["\n".join(exchange.lines()) for exchange in result.exchanges]
    clause = result.clause
    head = [clause.sentence, f"Source: {clause.source}", result.reason, f"Again: {result.rerun}"]
    return "\n\n".join(["\n".join(head), *traces])
