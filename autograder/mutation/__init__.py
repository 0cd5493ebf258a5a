"""Mutation testing of the checks: right answers with one small mistake put in, which a check should notice."""
