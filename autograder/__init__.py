"""Checks, grades and reports on the exercises."""
