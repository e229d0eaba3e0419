"""Studies: long runs whose figures stand in the documentation. Not part of the tests that `make test` runs."""
