"""What the project's claims about performance rest on: programs to run, not tests."""
