"""What an experiment takes (time, memory, disk, money), before it runs or while it runs.

The model is simple. A run's work follows from its recipe and the lengths of the texts: steps, examples, tokens, FLOPs.
What a unit of work takes is known from finished runs of the same results folder or, for an arm without any, from a
short run that is measured on the machine that trains. Nothing here imports torch, except `forecast.speed`, which
measures.
"""
