# Mots de la mise sous surveillance : ce qui est surveillé après un changement, et pourquoi ce n’était pas sain.
# Les raisons suivent le nom de ce qu’elles concernent : « campus/Deployment/enrolment : … ».

wait-soak-healthy = tout est sain et sous surveillance
wait-soak-ill = pas sain en ce moment : { $what }
missing-soak = la santé n’a pas encore été surveillée

soak-restarted = { $container } s’est arrêté et a été relancé (relancé { $restarts ->
        [one] une fois
       *[other] { $restarts } fois
    } jusqu’ici)
soak-was-not-ready = { $container } n’a pas répondu comme prêt pendant un moment
soak-probe = un utilisateur n’a pas pu faire ceci : { $request }
soak-gone = cela n’est plus là
soak-budget = son budget d’interruption { $budget } ne permet jamais de déplacer { $pods ->
        [one] son unique pod
       *[other] l’un de ses { $pods } pods
    }, le serveur ne pourrait donc jamais être vidé pour un entretien
soak-short = il n’y avait pas assez de temps

BR-1265 = Après le changement, { $what } n’a pas été sain pendant { $seconds } { $seconds ->
        [one] seconde
       *[other] secondes
    } de suite.
    .why = Un changement ne compte que lorsque tout ce dont les utilisateurs ont besoin est resté sain pendant une durée fixée.
    .fix = Rien à faire maintenant : une mise à niveau revient en arrière d’elle-même. Donnez les détails de ce message à l’éditeur.
BR-1266 = Après le changement, { $what } n’est pas resté sain : il y a eu { $times } { $times ->
        [one] interruption
       *[other] interruptions
    }.
    .why = Une plateforme qui ne fonctionne que par moments ne permet pas de travailler.
    .fix = Rien à faire maintenant : une mise à niveau revient en arrière d’elle-même. Donnez les détails de ce message à l’éditeur.
BR-1267 = Après le changement, { $what } est dans un état qui ne peut pas redevenir sain de lui-même.
    .why = Attendre plus longtemps ne changerait rien.
    .fix = Rien à faire maintenant : une mise à niveau revient en arrière d’elle-même. Donnez les détails de ce message à l’éditeur.
BR-1268 = La santé n’a pas tenu assez longtemps dans le temps disponible ; le dernier élément vu est { $what }.
    .why = Un changement ne compte que lorsque tout ce dont les utilisateurs ont besoin est resté sain pendant une durée fixée, sans interruption.
    .fix = Rien à faire maintenant : une mise à niveau revient en arrière d’elle-même. Si le serveur était occupé à autre chose, essayez plus tard.
