"""Shared by several tests: tiny texts, models and projects, made when they are needed."""
