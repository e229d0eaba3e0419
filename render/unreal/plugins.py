"""The plugins of the editor that rendering needs: an editor that lacks one is refused. Standard library only."""

from __future__ import annotations

PLUGINS = {
    "Movie Render Queue": "MoviePipelineQueueSubsystem",
    "Control Rig": "ControlRigSequencerLibrary",
    "Level Sequence Editor": "LevelSequenceEditorBlueprintLibrary",
    "Sequencer Scripting": "MovieSceneScriptingChannel",
    "Editor Scripting Utilities": "EditorAssetLibrary",
    "Functional Testing Editor": "AutomationLibrary",
    "Groom": "GroomComponent",
}
"""Plugins that are needed, each with a class that only it brings."""
