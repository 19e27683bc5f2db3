"""Samples of every rule: the module `x_y` holds those of the rule `x-y`."""
