"""The report: built once from the stored files of a run, then set by any number of formats.

report = build(run, experiment, prior, "executive")
data = report_format("html").render(report)
"""

from advisor.report.build import build
from advisor.report.document import AUDIENCES, Audience, Report
from advisor.report.format import Format
from advisor.report.formats import formats, report_format

__all__ = ["AUDIENCES", "Audience", "Format", "Report", "build", "formats", "report_format"]
