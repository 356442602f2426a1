"""The core package of the bundle: everything that the functions share."""
