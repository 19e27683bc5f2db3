"""Mutation of the clean stack: hundreds of stacks with one fault each, and the rules that must see it."""
