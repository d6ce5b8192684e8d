# Words of recoveries.
BR-1470 = There is nothing to recover in { $place }.
    .why = It holds no whole backup.
    .fix = Check the address of the repository; look into another one: ./X.run recover --from REPOSITORY --list
BR-1471 = There is no whole backup { $set } in the repository.
    .why = Only backups that are complete can be recovered.
    .fix = List them: ./X.run recover --from REPOSITORY --list
BR-1472 = The backup { $set } was made of { $release }, not of { $given }.
    .why = Data are brought back with exactly the release that they were saved from; it can be upgraded afterwards.
    .fix = Run the release file of { $release }. Other backups are shown with: ./X.run recover --from REPOSITORY --list
BR-1473 = The data of { $source } cannot be recovered in this way.
    .why = They were saved as what a command gave, and only a running application can take them back; or there are no such data.
    .fix = Recover without them: --without { $source }. Take them out of the repository afterwards with stock restic.
BR-1474 = What is to be recovered cannot be read: { $path }
    .why = The file was damaged, or written by another version.
    .fix = Uninstall and recover once more.

recover-code-ask = Recovery code of the repository
recover-sets = { $count ->
        [one] One backup
       *[other] { $count } backups
    } in { $place }, the newest last:
recover-set = { $id }  { $made }  { $release }  { $size }
recover-alarm = Not as it should be: { $alarm }
recover-chosen = Backup { $id } of { $made }, of { $site }.
recover-source = { $source }: as it was at the time of the backup
recover-source-end = { $source }: up to { $time }, the last moment that is in the repository
recover-source-time = { $source }: up to { $time }
recover-source-gap = { $source }: its log has a gap behind { $time }; what was written later is not brought back
recover-without = { $source }: stays empty
recover-estimate = About { $size } are brought back; at 100 MB a second that takes { $duration }, and the installation comes on top.
recover-ask = Recover now?
recover-later = Not brought back: settings of other repositories. Add them again: bridle repository add

help-installer-recover = Bring everything back on this blank host, from a repository of backups
    .more =
        The recovery code is asked for, or read from --recovery-code. Data are in place before the applications start. Databases
        that hand over their log are brought to the last moment that is in the repository, or to --at. After an interruption the
        same command goes on. While the lost host may still be alive nothing is taken over unless --take-over says so.
    .examples =
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup --list
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup
        sudo ./campus-1.0.0-amd64.run recover --from s3:https://s3.example.org/backups --credentials key.txt --recovery-code code.txt
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup --at 2026-11-24T09:30:00Z # before the mistake
    .from = Folder of the repository, or s3:https://HOST/BUCKET/PREFIX
    .region = Region of the object store
    .path-style = The bucket stands in the path, not in the name of the host
    .ca = Certificates that sign the object store’s
    .credentials = Access key of the object store, as its own tools write it
    .recovery-code = Recovery code of the repository
    .list = Show the backups in the repository, change nothing
    .set = Recover this backup; the newest one without
    .at = Bring databases to this moment; 2026-11-24T09:30:00Z
    .without = Data source that stays empty; may be given several times
    .take-over = Name of the site whose repository this host takes over, though another one may still write to it
    .plan-only = Show the plan, change nothing
    .explain = Say for each step its limits and what happens if it fails
    .yes = Do not ask; needs a trusted publisher key
