// Hands an answer on to the application that asked (OAuth 2.0 Form Post Response Mode). Without it, a button does.
document.getElementById("answer").submit();
