"""The topic on the variational bound."""
