"""A strict, recording `unreal` module for tests: names and arguments from api.json, a render queue that writes real pictures.

``with Editor(Switches(...)).installed() as editor:`` puts it into ``sys.modules``; ``editor.tick()`` is one tick of the engine,
``editor.run_until(...)`` many. It can also be installed for good in a process of its own (``Editor(...).install()``), whose
main loop ticks it. It shows that names, arguments and order are as documented; it cannot show that the engine does what it
is documented to do.
"""

from tests.render.unreal.fake_unreal.editor import Crash, Editor, Switches

__all__ = ["Crash", "Editor", "Switches"]
