"""Bytes → rows of text, each with the file, sheet and row it came from: `readers.read` for whatever an office sends.

Around it: what an archive or a workbook may hold, how headings are found, how text is decoded, which rows are rows.
"""
