"""The five lectures' own pages."""
