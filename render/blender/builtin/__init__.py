"""The objects that are modelled in code: a car, a mug, a house, a lamp, a face."""
