"""What other programs make of emitted files: a list of texts comes as JSON, and what was read in each goes.

    python consumers.py junit|openmetrics|markdown
"""

import html.parser
import json
import sys

import cmarkgfm
from junitparser import Error, Failure, JUnitXml, Skipped
from prometheus_client.openmetrics import parser as openmetrics

OUTCOMES = {Error: "error", Failure: "failure", Skipped: "skipped"}


def read_junit(text):
    cases = []
    for suite in JUnitXml.fromstring(text.encode()):
        for case in suite:
            outcomes = [OUTCOMES[type(outcome)] for outcome in case.result]
            cases.append({"suite": suite.name, "name": case.name, "outcomes": outcomes})
    return cases


def read_openmetrics(text):
    """A sample of no family, one that stands apart from it, or a wrong escape is refused here."""
    samples = []
    for family in openmetrics.text_string_to_metric_families(text):
        for sample in family.samples:
            samples.append({
                "family": family.name,
                "unit": family.unit,
                "labels": sample.labels,
                "value": sample.value,
            })
    return samples


class Page(html.parser.HTMLParser):
    """Headings, and tables by rows of cells."""

    def __init__(self):
        super().__init__()
        self.headings, self.tables, self.text = [], [], ""

    def handle_starttag(self, tag, _):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        self.text = "" if tag in ("h3", "h4", "th", "td") else self.text

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag in ("h3", "h4"):
            self.headings.append(self.text)
        elif tag in ("th", "td"):
            self.tables[-1][-1].append(self.text)


def read_markdown(text):
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text))
    return {"headings": page.headings, "tables": page.tables}


if __name__ == "__main__":
    readers = {"junit": read_junit, "openmetrics": read_openmetrics, "markdown": read_markdown}
    read = readers[sys.argv[1]]
    json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
