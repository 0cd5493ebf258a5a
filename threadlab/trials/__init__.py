"""Trials: code run under virtual time against the service, in every order in which its requests could arrive."""
