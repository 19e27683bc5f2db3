"""Renderings of results for people and machines: terminal, Markdown, HTML, JSON.

Takes result objects and computes nothing: what is counted, judged or compared comes from where it was found.
"""
