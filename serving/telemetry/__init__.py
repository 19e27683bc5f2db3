"""What is measured of a service, and what follows from it: pure data, rendered from blueprints.

Owns the metric contract (which metric carries a signal), the rules that judge objectives, and dashboards.
It creates nothing: `components` deploy what is rendered here.
"""
