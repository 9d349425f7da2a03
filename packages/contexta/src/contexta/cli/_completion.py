"""``contexta completion``: make the shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from contexta.cli._group import ASKED, global_options
from contexta.cli._output import show
from contexta.cli._state import State

_SETUP = {
    "bash": 'eval "$(contexta completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(contexta completion zsh)"   # in ~/.zshrc, behind compinit',
    "fish": "contexta completion fish > ~/.config/fish/completions/contexta.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(_SETUP)))
@global_options
@click.pass_obj
def completion(state: State, shell: str) -> None:
    """Print the script that makes a shell complete commands and options.

    For bash put this into ~/.bashrc: eval "$(contexta completion bash)"

    For zsh into ~/.zshrc, behind compinit: eval "$(contexta completion zsh)"

    For fish: contexta completion fish > ~/.config/fish/completions/contexta.fish
    """
    from contexta.cli._group import cli

    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - the choices are those that click has
    script = made(cli, {}, "contexta", ASKED).source()
    show(
        state,
        {"shell": shell, "script": script, "setup": _SETUP[shell]},
        lambda: script.rstrip("\n").split("\n"),
    )
