"""A class: its submissions, its graders, its gradebook, its reports."""
