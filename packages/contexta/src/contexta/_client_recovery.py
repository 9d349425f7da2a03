"""Recovery methods of the facade: what needs the answers of the interpretation layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig
    from contexta.recovery import Progress, RehearsalResult, RehearsalSide


class RecoveryDelegates:
    """Prove backups. Making and restoring them is in `contexta.recovery`."""

    __slots__ = ()

    config: UnifiedConfig

    def rehearse_restore(
        self,
        backup_ref: str | Path,
        *,
        key_file: str | Path | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> RehearsalResult:
        """Restore a backup to a scratch folder and compare its answers with those of now.

        Asked are the runs that ended before the backup: the list of them, the snapshot, metrics
        and points of each, the comparison of the two newest, and the lineage of the deployments.
        Each difference is named. The workspace is only read. See
        `contexta.recovery.rehearse_restore`.

        Raises:
            RestoreError: As `contexta.recovery.rehearse_restore`.
        """
        from contexta.recovery import rehearse_restore

        return rehearse_restore(
            self.config,
            backup_ref,
            answers=self._rehearsal_answers,
            key_file=key_file,
            progress=progress,
        )

    def _rehearsal_answers(self, side: RehearsalSide) -> Mapping[str, Any]:
        from contexta._rehearsal_answers import answers_of
        from contexta.config import UnifiedConfig

        config = self.config
        if side.name != "live":
            # Made anew from one path: nothing of the live workspace or the environment is in it.
            config = UnifiedConfig.model_validate(
                {
                    "project_name": config.project_name,
                    "workspace": {"root_path": side.workspace_root},
                    "interpretation": config.interpretation,
                }
            )
        facade: Any = type(self)
        with facade(config=config, read_only=True) as ctx:
            return answers_of(ctx, side)
