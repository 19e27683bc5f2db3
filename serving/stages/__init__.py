"""The program of the ingress stage: checks requests against the contract and calls the stages one after the other.

Runs beside the server in every replica whose blueprint declares it, from the organisation's tools image with the extra
`stages`. `rendering` makes its settings from a blueprint, and needs no more than the blueprint does; all else here is
the program, and needs the extra.
"""
