"""The operator's command line: `python -m ops --help`. Runs from the checkout's virtual environment."""
