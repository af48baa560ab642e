"""The part of the server that takes artifacts: made, filled, committed, used."""

import json
from typing import Any

PATH = "/artifact-files/"


class Artifacts:
    """What a server knows of artifacts.

    Attributes:
        made: by id, each with `name`, `type`, `digest`, `metadata`, `files` and whether it is `committed`.
        logged: (run, id) of every logging, also of content that there was already.
        used: (run, id).
        refused: whether none is taken.
    """

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.logged: list[tuple[str, str]] = []
        self.used: list[tuple[str, str]] = []
        self.refused = False

    def names(self, run: str, edges: str) -> set[str]:
        """Names of what a run has `logged` or `used`."""
        return {self.made[artifact]["name"] for of, artifact in getattr(self, edges) if of == run}

    def files(self, name: str) -> dict[str, bytes]:
        """Content by name of the one artifact of a name."""
        (found,) = [artifact for artifact in self.made.values() if artifact["name"] == name]
        assert found["committed"]
        return found["files"]

    def put(self, path: str, body: bytes) -> None:
        """An uploaded file."""
        artifact, _, name = path.partition(PATH)[2].partition("/")
        self.made[artifact]["files"][name] = body

    def answer(self, query: str, variables: dict[str, Any], url: str) -> dict[str, Any] | None:
        """Data for a question about artifacts; None for any other."""
        asked = variables.get("input") or variables
        if self.refused:
            return None
        if "createArtifactFiles(" in query:
            files = [self._file(one, url) for one in asked["artifactFiles"]]
            return {"createArtifactFiles": {"files": {"edges": files}}}
        if "ArtifactManifest(" in query:  # `create` and `update`
            field = "createArtifactManifest" if "createArtifactManifest(" in query else "updateArtifactManifest"
            artifact = asked.get("artifactID") or asked["artifactManifestID"].removeprefix("manifest-")
            upload = f"{url}{PATH}{artifact}/manifest" if asked["includeUpload"] else None
            file = {"id": "F", "uploadUrl": upload, "uploadHeaders": []}
            return {field: {"artifactManifest": {"id": f"manifest-{artifact}", "file": file}}}
        if "createArtifact(" in query:
            return {"createArtifact": {"artifact": self._created(asked)}}
        if "commitArtifact(" in query:
            self.made[asked["artifactID"]]["committed"] = True
            digest = self.made[asked["artifactID"]]["digest"]
            return {"commitArtifact": {"artifact": {"id": asked["artifactID"], "digest": digest}}}
        if "useArtifact(" in query:
            self.used.append((asked["runName"], asked["artifactID"]))
            return {"useArtifact": {"artifact": {"id": asked["artifactID"]}}}
        return {"artifact": self._whole(asked["id"])} if "query ArtifactByID" in query else None

    def _created(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A new artifact, or the one of this name that has the same content."""
        name, digest = asked["artifactCollectionName"], asked["digest"]
        same = [one for one, known in self.made.items() if (known["name"], known["digest"]) == (name, digest)]
        artifact = same[0] if same else f"A{len(self.made)}"
        if not same:
            known = {"name": name, "digest": digest, "type": asked["artifactTypeName"], "files": {}}
            self.made[artifact] = known | {"committed": False, "metadata": json.loads(asked["metadata"] or "{}")}
        if asked["runName"] is not None:  # whoever only uses it has not made it
            self.logged.append((asked["runName"], artifact))
        state = "COMMITTED" if self.made[artifact]["committed"] else "PENDING"
        return {"id": artifact, "state": state, "artifactSequence": {"latestArtifact": None}}

    def _whole(self, artifact: str) -> dict[str, Any]:
        known = self.made[artifact]
        sequence = {"__typename": "ArtifactSequence", "id": "S", "name": known["name"]}
        project = {"__typename": "Project", "id": "P", "internalId": "P", "name": "rmexp", "entity": {"name": "tester"}}
        return {
            "__typename": "Artifact", "id": artifact, "versionIndex": 0, "artifactType": {"name": known["type"]},
            "artifactSequence": sequence | {"project": project},
            "description": None, "metadata": json.dumps(known["metadata"]), "ttlDurationSeconds": -2, "aliases": [],
            "ttlIsInherited": True, "tags": [], "historyStep": None, "state": "COMMITTED", "size": 0,
            "digest": known["digest"], "commitHash": "C", "fileCount": len(known["files"]),
            "createdAt": "2026-01-01T00:00:00Z", "updatedAt": None,
        }  # fmt: skip

    def _file(self, asked: dict[str, Any], url: str) -> dict[str, Any]:
        artifact, name = asked["artifactID"], asked["name"]
        place = f"{PATH.strip('/')}/{artifact}/{name}"
        found = {"id": artifact, "storagePath": place, "uploadUrl": f"{url}/{place}", "uploadHeaders": []}
        return {"node": found | {"uploadMultipartUrls": None, "artifact": {"id": artifact}}}
