"""What stands around every tab: device, limits, models, jobs, what tabs share."""
