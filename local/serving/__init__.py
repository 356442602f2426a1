"""What the simulators share: serving an application, driving it from a test, faults on demand."""
