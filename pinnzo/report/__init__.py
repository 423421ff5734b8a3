"""The report of a run: one self-contained HTML page."""

from pinnzo.report.page import render as render
from pinnzo.report.page import write_report as write_report
