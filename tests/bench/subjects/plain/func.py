"""Copies a volume group's backup as one would at first: signer and client of the SDK in the call, and nothing else."""

import io
import json

import oci
from fdk.context import InvokeContext
from fdk.response import Response


def handler(ctx: InvokeContext, data: io.BytesIO) -> Response:
    payload = json.loads(data.getvalue())
    signer = oci.auth.signers.get_resource_principals_signer()
    block_storage = oci.core.BlockstorageClient(config={}, signer=signer)
    details = oci.core.models.CopyVolumeGroupBackupDetails(destination_region=payload["destinationRegion"])
    copy = block_storage.copy_volume_group_backup(payload["volumeGroupBackupId"], details).data
    body = {"id": copy.id, "lifecycleState": copy.lifecycle_state}
    return Response(ctx, json.dumps(body), {"Content-Type": "application/json"})
