"""The glossary: what every symbol and term means, wherever it stands."""
