# Words of upgrades, ways back and changes of the configuration.
step-restore-point = Keep what is needed to go back
step-switch-agent = Hand over to the agent of { $release }
step-serve-images = { $count ->
        [0] Serve the images of { $release }
        [one] Serve the images of { $release }; { $count } has changed under its name
       *[other] Serve the images of { $release }; { $count } have changed under their names
    }
step-switch-kubernetes = Run Kubernetes { $version }
step-switch-kubernetes-emulated = Run Kubernetes { $version }, behaving like { $emulated } until all is confirmed
step-return-kubernetes = Run Kubernetes { $version } again
step-configuration = Put revision { $revision } of the configuration in place
step-settle-programs = Make the programs of { $release } the ones that start
step-prune-releases = Remove what is no longer needed; these stay: { $releases }
step-copy-data = Copy the data of { $count } { $count ->
        [one] source
       *[other] sources
    } into the restore point
step-soak = Watch over everything: health must hold for { $seconds } { $seconds ->
        [one] second
       *[other] seconds
    }
step-leftovers-gone = Remove everything that is left of { $count } { $count ->
        [one] part
       *[other] parts
    }: { $charts }
operation-verifying = being watched
BR-1180 = The agent of another release goes on with the operation.
    .why = An upgrade brings a new agent, and that one finishes it.
    .fix = Nothing is to be done. Watch it with: bridle operation attach
operation-title-upgrade = Upgrade to { $release }
operation-title-rollback = Return to { $release }
operation-title-configure = Change of the configuration of { $release }
operation-title-recreate = Renewal of the applications of { $release }
BR-1181 = The change is in force; it cannot be taken back in the middle.
    .why = After the watch the new state was confirmed, and what would be needed to go back in the same way may be gone.
    .fix = Let it end: bridle operation attach. To return to the release before, then: bridle upgrade rollback
BR-1182 = { $to } cannot take the place of { $from } directly.
    .why = The publisher says which releases it can follow: { $accepts }.
    .fix = Install the releases between first, in this order: { $stops }. Ask the publisher for their files.
BR-1183 = Kubernetes cannot go from { $from } to { $to }.
    .why = Kubernetes goes up one minor version at a time and never down; its data would not be understood.
    .fix = Upgrade to a release with the minor version between first. Going down is only possible by restoring a backup.
BR-1184 = Something has changed since the plan was shown: { $changed }.
    .why = Only what you have seen and confirmed is done.
    .fix = Look at the new plan with: bridle upgrade plan. Then start it.
BR-1185 = The plan has findings that stand in the way.
    .why = The upgrade would fail half-way or leave the platform worse than before.
    .fix = Mend the findings marked as blocking, then look again: bridle upgrade plan
BR-1186 = No release is installed here.
    .why = Only what is installed can be changed.
    .fix = Install a release first: sudo ./NAME-VERSION.run install
BR-1187 = There is no release to go back to.
    .why = The release in use is the first one here, or the one before was removed.
    .fix = See what is here with: bridle release list
BR-1188 = { $release } is in use already.
    .why = Nothing would change.
    .fix = See what else is here with: bridle release list
BR-1189 = The agent of { $release } did not come up.
    .why = It was started several times and did not get far enough; the one before was started again.
    .fix = Everything goes back by itself. Send the output of: journalctl -u bridle-agent -n 200, to the publisher.
upgrade-committed = the change is in force
