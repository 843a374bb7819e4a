"""Asks, audits, recommends, reconciles prior with evidence, reports. The outermost ring."""
