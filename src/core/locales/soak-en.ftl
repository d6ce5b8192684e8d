# Words of the soak: what is watched after a change, and why it was not healthy.
# Reasons stand after the name of what they are about: "campus/Deployment/enrolment: ...".

wait-soak-healthy = everything is healthy and being watched
wait-soak-ill = not healthy at this moment: { $what }
missing-soak = health has not been watched yet

soak-restarted = { $container } ended and was started again (restarted { $restarts ->
        [one] once
       *[other] { $restarts } times
    } so far)
soak-was-not-ready = { $container } did not answer as ready for a moment
soak-probe = a user could not do this: { $request }
soak-gone = it is not there any more
soak-budget = its disruption budget { $budget } never allows one of its { $pods ->
        [one] one pod
       *[other] { $pods } pods
    } to be moved, so the server could never be emptied for maintenance
soak-short = there was not enough time

BR-1265 = After the change { $what } was not healthy for { $seconds } { $seconds ->
        [one] second
       *[other] seconds
    } at a stretch.
    .why = A change counts only once everything that users need has stayed healthy for a set time.
    .fix = Nothing has to be done now: an upgrade goes back by itself. Give the details of this message to the publisher.
BR-1266 = After the change { $what } did not stay healthy: there were { $times } { $times ->
        [one] break
       *[other] breaks
    }.
    .why = A platform that works only now and then is not one that users can work with.
    .fix = Nothing has to be done now: an upgrade goes back by itself. Give the details of this message to the publisher.
BR-1267 = After the change { $what } is in a state that cannot become healthy by itself.
    .why = Waiting longer would change nothing.
    .fix = Nothing has to be done now: an upgrade goes back by itself. Give the details of this message to the publisher.
BR-1268 = Health did not hold for long enough in the time that there was; the last thing seen was { $what }.
    .why = A change counts only once everything that users need has stayed healthy for a set time without a break.
    .fix = Nothing has to be done now: an upgrade goes back by itself. If the server was busy with something else, try again later.
