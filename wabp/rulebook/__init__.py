"""Owns the rulebooks: per country one TOML file that a lawyer can read, and the code that reads it."""
